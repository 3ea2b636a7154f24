"""Film sounding objects in simulated homes; and the ground that every tool stands on."""

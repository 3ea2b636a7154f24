"""What two ears hear."""

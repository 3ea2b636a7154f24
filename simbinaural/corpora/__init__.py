"""What others recorded: FAIR-Play, and plain folders of videos."""

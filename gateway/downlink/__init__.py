"""What the region says to its devices: commands and lists."""

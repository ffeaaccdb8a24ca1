"""What the region tells this device, and what becomes of it."""

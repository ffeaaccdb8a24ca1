"""Who this device is, and how it stays so."""

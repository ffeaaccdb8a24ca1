"""What keeps a region alive: backups, restores, and forgetting in time."""

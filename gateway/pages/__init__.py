"""What an officer of the region sees: lanes live, who waits for an officer, latest movements, counts."""

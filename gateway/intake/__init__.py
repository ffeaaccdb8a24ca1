"""What becomes of a frame: judged, recorded in one transaction, acknowledged."""

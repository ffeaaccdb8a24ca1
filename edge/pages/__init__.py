"""What people see of a lane: the traveller's display and the officer's desk."""

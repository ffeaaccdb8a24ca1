"""A lane that is not there: processes, people, scenarios and the account of what happened."""

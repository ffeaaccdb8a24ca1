"""May this person cross without an officer? Document, lists, rules and clock go in; GRANT or REFER comes out."""

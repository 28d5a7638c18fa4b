"""Pages of the staff: what waits for a person, and the cases that mediators decide."""

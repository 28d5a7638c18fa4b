"""Files that a side puts on record with what it says."""

"""A decision stands for its appeal window, and is carried out then; the last word at once."""

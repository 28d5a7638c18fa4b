"""The record of a dispute as one signed ZIP: above the agreements, of which it tells."""

"""A dispute that nobody answers is judged by what is on file, by a table that people can read."""

"""Who is reminded of a time in a dispute before it ends."""

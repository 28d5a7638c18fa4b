"""What would become of a milestone, told before anybody signs."""

"""What would become of a milestone, or of a whole contract, told before anybody signs."""

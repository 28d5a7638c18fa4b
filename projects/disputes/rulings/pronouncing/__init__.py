"""How a decision is written down, told and carried out, whoever made it."""

"""How a case is found among all of them."""

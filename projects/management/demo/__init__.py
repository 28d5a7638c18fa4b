"""The marketplace that a newcomer finds: a cast of four, their neighbours, and work to bid on."""

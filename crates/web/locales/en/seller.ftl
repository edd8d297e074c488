# The seller's desk.

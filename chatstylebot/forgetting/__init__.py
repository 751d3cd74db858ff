"""One person taken out of everything that is stored in a workspace, and a search that proves it.

plan → carry_out → prove. The rooms each take out what they keep; here stands the order. What to look for is written
down first (`begun`) and stays until the search has found nothing, so that the same line goes on wherever it was cut
off.
"""

"""The beginning of a program that dies as by kill -9, at the step that its argument tells: `dying(place, name)`."""

BEGIN = """
import os, sys
left = int(sys.argv[1])
def dying(place, name):
    call = getattr(place, name)
    def wrapped(*args, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*args, **more)
    setattr(place, name, wrapped)
"""

"""Parts of screens: each draws values it is given and posts what happened to it."""

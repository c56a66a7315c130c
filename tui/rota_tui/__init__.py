"""What people touch: the Textual app and the command line."""

"""The pictures that README shows, and the script that makes them."""

"""The console's own HTTP: the guard before every request, sign-in, set-up, health."""

"""What `make run` tells: a consortium is founded, lists are shared, read, audited and attacked, on one machine.

Every chapter runs the commands that a person would type, against a real service in a process of its own.
"""

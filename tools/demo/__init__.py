"""The whole way of a lesson on one machine: office, depot behind a real sshd, hub, portal.

story.py is the tour, and it only runs the commands that a person would type; sshd.py is the depot's host,
processes.py starts and ends what stays running, places.py says where things lie.
"""

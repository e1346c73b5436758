"""Sandbox shops: small real HTTP servers on loopback that speak the platforms' languages, for the demo and for tests.

They see nothing of Pult and are seen by the project's command line alone; their only contact with a channel is HTTP.
"""

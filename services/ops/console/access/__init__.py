"""Who comes in to the console: roles and what they may, sessions, and the sign-in at a provider of OpenID Connect.

On this machine alone there is no sign-in: whoever is there may do everything, and says who they are.
Elsewhere a session begins with a token of the provider, which says who somebody is, their roles and their centres; it
lasts for a while, and then the provider is asked again.
"""

"""Who works at the desk: people and what they may do, how they prove who they are, and for how long that holds."""

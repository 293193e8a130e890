"""Pages a person can browse: the same documents as HTML, without scripts and without any foreign host (respond, road out)."""

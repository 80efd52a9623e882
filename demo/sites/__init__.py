"""The sites of the demo city (站点): each a pure function of a request and the moment."""

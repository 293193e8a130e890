"""The demo city 演示城市: an invented city as departments' own files, with known defects and the truth of each.

It stands before the road: its files are what ``fetch`` finds. Nobody in it exists. A citizen number carries either the
division part 320599 (the city's prefix and 99, which GB/T 2260 never assigned) with a birth date of our time, or a real
division with a birth year of 1880–1899; telephone numbers begin with 100; entities are registered at 320599 too.

Decisions and certificates have parties and holders among them; their days are told from the day the files are handed over
(``days``), and ``manifest.json`` states that day and what must be withheld, expired, resolved and pending in the end.
"""

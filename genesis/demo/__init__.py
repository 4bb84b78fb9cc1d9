"""The demonstration, and nothing the product needs.

Its market data is real and recorded, and comes from two installable packages that are read as files and never imported:
half an hour of Bitstamp BTC/USD order by order (``ob-analytics``, GPL-2.0-or-later) and the hourly EUR/USD bars of 2017
(``gym-anytrading``, MIT).
"""

"""Tiers and pre-trade limits: what stands before every order, paper or live. A refusal is a value with its reason."""

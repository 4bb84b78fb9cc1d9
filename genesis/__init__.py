"""Genesis: prove a trading strategy on paper, give it capital step by step, and record every decision."""

__version__ = "0.1.0"

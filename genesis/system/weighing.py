"""How evidence is weighed: fixed before the first row of a run."""

from __future__ import annotations

from genesis.evidence.rules import BettingRules, Source
from genesis.paper_trading.promotion_rules import PromotionRules

# A recorded tape is all that runs.
SOURCE = Source.REPLAY
_CAP_LEAST = 4_000.0


def betting_rules(promotion: PromotionRules, versions: int) -> BettingRules:
    """How the evidence of a family of so many versions is weighed.

    Winnings are kept up to ten times what all of the capital takes, adjusted for a family that shows nothing, and up to 4,000 at least, twenty times 200. With
    a cap that knows no family, one good version among two hundred could never hold its whole budget, however long it went on.
    """
    return BettingRules(cap=max(_CAP_LEAST, float(10 * versions / promotion.level_full)))

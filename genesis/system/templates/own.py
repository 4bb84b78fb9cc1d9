"""A strategy of your own: long after a bar that rose, flat after one that fell."""

from genesis.model.market import Bar
from genesis.strategies.base import Strategy


class Own(Strategy):
    """Holds 5 % of equity after a rising hour."""

    def on_start(self) -> None:
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        self.target_weight("0.05" if bar.close > bar.open else 0)

    def on_save(self) -> dict[str, object]:
        """It remembers nothing from bar to bar: so it says, and a start goes on from a snapshot."""
        return {}

"""The oracles: each looks at the results of a case and agrees, differs or cannot say."""

from harness.oracles.judge import Bench, Pending, judge, start

__all__ = ["Bench", "Pending", "judge", "start"]

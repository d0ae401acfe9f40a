"""Places, streaks and points for a club's evening of games."""

from scoreboard.places import place_of, table_of
from scoreboard.points import drop_lowest, longest_streak, total_points

__all__ = ["drop_lowest", "longest_streak", "place_of", "table_of", "total_points"]

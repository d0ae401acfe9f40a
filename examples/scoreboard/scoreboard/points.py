"""What a player is given for games."""


def total_points(results):
    points = {"win": 3, "draw": 1}
    total = 0
    for result in results:
        total += points.get(result, 0)
    return total


def drop_lowest(scores, count=1):
    if count >= len(scores):
        return []
    kept = sorted(scores)
    return kept[count:]


def longest_streak(results, wanted="win"):
    best = 0
    streak = 0
    for result in results:
        if result == wanted:
            streak += 1
        else:
            streak = 0
        if streak > best:
            best = streak
    return best

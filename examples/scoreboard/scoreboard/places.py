"""Who came first: places out of scores."""


def place_of(score, scores):
    place = 1
    for other in scores:
        if other >= score:
            place += 1
    return place


def table_of(points):
    names = sorted(points, key=lambda name: (-points[name], name))
    scores = list(points.values())
    return [f"{place_of(points[name], scores)} {name}" for name in names]

SELECT "a""b", [1, {'k': (2)}] -- c
/* d */ FROM t;
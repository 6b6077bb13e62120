#include "tree/estimate.h"

#include <math.h>

double echo__estimate_hit(double n, double k) { return n <= 0 ? 0 : -n * expm1(-k / n); }

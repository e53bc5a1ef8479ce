#include "tools/weir/verbs.h"
namespace weir::tools {
void add_eval(CLI::App&, Action*) {}
}

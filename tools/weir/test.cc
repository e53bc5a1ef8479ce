#include "tools/weir/verbs.h"
namespace weir::tools {
void add_test(CLI::App&, Action*) {}
}

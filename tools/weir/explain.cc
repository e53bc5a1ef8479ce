#include "tools/weir/verbs.h"
namespace weir::tools {
void add_explain(CLI::App&, Action*) {}
}

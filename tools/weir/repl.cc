#include "tools/weir/verbs.h"
namespace weir::tools {
void add_repl(CLI::App&, Action*) {}
}

#include "tools/weir/verbs.h"
namespace weir::tools {
void add_dump(CLI::App&, Action*) {}
}

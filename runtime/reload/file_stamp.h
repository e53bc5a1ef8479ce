// What files look like from outside: equal stamps, equal contents, unless somebody sets times back.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace weir::reload {

struct FileStamp {
  std::string seen;                   // a line for each file and directory: device, inode, size, times, name
  std::set<std::string> directories;  // where a change of `seen` would show: to be watched
};

// Of the paths and all below them, through symbolic links; hidden files below them are left out. A path that is not
// there is a line too. `directories` also has those that the paths, and the links on the way to them, lie in. Beyond
// 100,000 files the rest is not looked at.
FileStamp stamp_files(const std::vector<std::string>& paths);

}  // namespace weir::reload

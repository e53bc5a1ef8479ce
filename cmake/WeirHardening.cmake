# What makes a defect in C++ harder to use against the host. Release builds only: sanitizers look closer, and fuzzing wants speed.
# docs/security.md says what is promised; security.hardening reads it from the ELF files.
option(WEIR_HARDENING "Guard stacks, calls and relocations (Release builds without sanitizers)" ON)
if(WEIR_SANITIZE OR WEIR_FUZZ OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  set(WEIR_HARDENING OFF)
endif()

# Of every library and program.
if(WEIR_HARDENING)
  include(CheckPIESupported)
  check_pie_supported()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

# weir_harden(TARGET...): guarded stack frames and calls, for what reads bytes that come from outside. Evaluation works on values that these have
# made, and pays for none of it.
function(weir_harden)
  if(NOT WEIR_HARDENING)
    return()
  endif()
  # A distribution may define another level already.
  set(flags -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND flags -fcf-protection)
  endif()
  foreach(target ${ARGN})
    if(TARGET ${target})
      target_compile_options(${target} PRIVATE ${flags})
    endif()
  endforeach()
endfunction()

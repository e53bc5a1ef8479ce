# weir_library(NAME DIR [DEPS target...]): static library weir_NAME from every .cc in DIR. A folder that holds no source
# yet becomes an interface library, so that the pipeline above can be written down whole.
function(weir_library name dir)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.cc)
  if(sources)
    add_library(weir_${name} STATIC ${sources})
    target_include_directories(weir_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_compile_options(weir_${name} PRIVATE ${WEIR_WARNINGS})
    target_link_libraries(weir_${name} PUBLIC ${ARG_DEPS})
  else()
    add_library(weir_${name} INTERFACE)
    target_include_directories(weir_${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(weir_${name} INTERFACE ${ARG_DEPS})
  endif()
endfunction()

# weir_embed(TARGET FILE): the text of FILE as a C++ string literal, for `constexpr char kData[] =` and
# #include "data/NAME.inc" in a source of TARGET, so that results depend on the build and not on the machine.
function(weir_embed target file)
  get_filename_component(name ${file} NAME_WE)
  set(out ${CMAKE_BINARY_DIR}/embedded/data/${name}.inc)
  file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  file(WRITE ${out}.new "R\"WEIR_DATA(${text})WEIR_DATA\"\n")
  file(COPY_FILE ${out}.new ${out} ONLY_IF_DIFFERENT)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/embedded)
endfunction()

set(WEIR_WARNINGS -Wall -Wextra -Wno-missing-field-initializers)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${WEIR_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(WEIR_LLD ld.lld)
if(WEIR_LLD)
  add_link_options(-fuse-ld=lld)
endif()
add_compile_options(-fno-omit-frame-pointer -ffp-contract=off)
# With assertions; -O1 keeps the frames of a report readable.
set(CMAKE_C_FLAGS_SANITIZE -O1)
set(CMAKE_CXX_FLAGS_SANITIZE -O1)
if(WEIR_FUZZ) # the whole tree, or libFuzzer sees no coverage
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(WEIR_SANITIZE)
  # A finding ends the program, so that its test fails. Lines are enough for a report, and half the time to compile.
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()

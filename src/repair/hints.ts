/** What to do about a value that is wrong, by argument. */
export const hints = {
  prompt: 'say in one text, in full sentences, what the picture should show; different subjects need separate calls',
  image: 'give the path of the picture to change',
  references: 'give the paths of the pictures to take something from',
  images: 'give the paths of the pictures to combine',
  region: 'name the edges, such as "left 0%, top 5%, right 30%, bottom 50%", or a part, such as "top left"',
  mask: 'give the path of a picture that is white where change is allowed',
  count: 'give how many variations to make, and call again for more',
  aspect_ratio: 'give a shape W:H such as "16:9", or leave it out',
  resolution: 'give one of these, or leave it out',
  width: 'give whole pixels, 1 to 16383, or leave it out',
  height: 'give whole pixels, 1 to 16383, or leave it out',
  format: 'give one of these, or leave it out',
  background: 'give transparent for real alpha; any other background is said in prompt',
  max_kb: 'give whole kilobytes, such as 200, or leave it out',
  alt: 'say in up to 2,000 characters what the picture shows, or leave it out',
  output: 'give a file such as "out/fox.png", or a folder ending in "/"',
  overwrite: 'give true only to replace the picture at output',
  model: 'give flash, pro, lite or a full model id, or leave it out',
  web_search: 'give true to look facts up first, and say in prompt which',
  dry_run: 'give true to be told plan and price and have nothing made',
  preset: 'give one of these, one a call, or leave it out',
  fit: 'cover cuts off what hangs over, contain adds a border; width or height alone keeps the shape with neither, and nothing stretches',
  trim: 'give true to cut margins away',
  widths: 'give widths in pixels as "480,960,1920"',
};

/** The same where one tool needs other words. */
export const toolHints = {
  start_batch: {
    file: 'give the path of a .jsonl or .csv file in a folder limner may read',
    jobs: 'give a list, each entry a prompt or the arguments of a tool as JSON',
    output: 'give a folder, such as "out/"',
    dry_run: 'give true to be told the price and have nothing sent',
  },
  collect_batch: { batch: 'give the id start_batch answered with, or leave it out for the newest' },
  export_image: {
    images: 'give the pictures to finish, each a path, an id or "last", or a folder of them',
    format: 'give one of these, or leave it out; the preset favicon makes favicon.ico',
    background: 'give transparent to remove a flat background; edit_image puts another one there',
    overwrite: 'give true only to replace files that are there',
  },
};

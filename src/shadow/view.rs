pub struct View;
